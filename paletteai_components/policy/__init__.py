"""The policy pack: the rules for the Kubernetes objects of any Pulumi program, whoever wrote it and in which language.

The engine passes the resources of a stack. `resources` turns them into the objects that `observation` reads, and
`judgement` runs the rules over them; both are pure. `properties` and `pack` are the side of Pulumi's SDK for policies.
"""
