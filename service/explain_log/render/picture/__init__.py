"""The picture of a load: what lies in which memory, which layers are where, how the load went on."""
