"""Claims and volumes: bound to each other, protected while they are used, made for pods that want their own."""
