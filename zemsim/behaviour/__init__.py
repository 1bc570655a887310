"""What residents choose: parameters with range, source and grade, and the tables that the kernels read."""
