"""From the tables of a run to indicators: emissions, costs, commuting, and the baseline against what is known."""
