"""What runs outside the sampan process: the launcher, and the sandboxes, supervisors and exec sessions it forks.

Standard library only, and little of it: these processes outlive sampan, and one per container stays in memory.
Everything here is single-threaded (a process that has left its PID namespace cannot make threads).
"""
