"""``python -m zemsim`` is the command line."""

from zemsim.cli import main

main()
