"""Counts in, figures out (报表): pure; rates keep their numerator, denominator and rounding."""
