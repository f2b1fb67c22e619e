// x² + 3x.
double objective(double x) { return x * x + 3 * x; }
double gradient(double x) { return 2 * x + 3; }
