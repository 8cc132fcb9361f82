"""API priority and fairness: which requests are worked on now, which wait, and which are sent away.

FlowSchemas sort requests into priority levels (``schemas``), each level has seats and queues (``levels``), and ``control``
puts a request through both. The objects that are always there are in ``defaults``; ``keeper`` keeps them, and tells of
schemas that lead nowhere. https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
"""
