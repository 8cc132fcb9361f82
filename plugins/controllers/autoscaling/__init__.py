"""HorizontalPodAutoscalers: `controller` reads and acts, `decision` decides, out of `replicas` (how many the metrics ask
for) and `behavior` (how fast that may come).
"""
