"""Commands that `zemsim.cli` takes up from here, a module for each group of them; heavy imports inside commands."""
