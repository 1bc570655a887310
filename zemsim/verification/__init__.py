"""The acceptance suite: published answers, formulas, slow twins and balances that any user can check offline."""
