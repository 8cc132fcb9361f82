"""CEL, the Common Expression Language: compile, check, bound and evaluate expressions over Kubernetes objects.

The language itself is a library's (``cel-expr-python``, the C++ implementation). What Kubernetes adds to it is here: types
read off schemas, functions, names that must be escaped, and a bound on what an evaluation may cost. Nothing of it is
imported before the first expression is compiled: see `sampan.core.cel.environment`.
"""
