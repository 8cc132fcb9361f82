"""The functions that Kubernetes adds to CEL, a module for each library.

https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries
"""
