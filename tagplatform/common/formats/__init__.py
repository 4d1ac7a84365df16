"""How dates are written in languages whose usual form is not ours."""
