"""Parameters of ownership by what is known of it: a joint posterior, what it leaves unidentified, and its report."""
