"""Pages for people: the matrix, an actor's course, a shift, an article, the evidence.

Rendered here, readable without any script; nothing is loaded from another host. What they show
comes from `service.queries`, as for the data's addresses.
"""
