"""Fills the places of a sample: <36> letters and digits, <16U> upper case, <9a> lower case, <4x> hex, <ip4>, <ip6>."""

import random
import re
import string

PLACE = re.compile(r"<(?:(\d+)([Uax]?)|(ip4|ip6))>")
ALPHABETS = {
    "": string.ascii_letters + string.digits,
    "U": string.ascii_uppercase + string.digits,
    "a": string.ascii_lowercase,
    "x": "0123456789abcdef",
}
PUBLIC = (("8", "8"), ("93", "184"), ("151", "101"), ("1", "1"), ("202", "96"))


def filled(sample, seed):
    """The sample with its places filled, and what was filled in."""
    source = random.Random(seed)
    values = []

    def fill(match):
        count, alphabet, address = match.groups()
        if address == "ip4":
            value = ".".join([*source.choice(PUBLIC), str(source.randint(1, 254)), str(source.randint(1, 254))])
        elif address == "ip6":
            value = "2a00:" + ":".join(f"{source.randint(0x1000, 0xFFFF):x}" for _ in range(7))
        else:
            value = "".join(source.choice(ALPHABETS[alphabet]) for _ in range(int(count)))
            if not alphabet and len(value) > 2:
                value = "q7" + value[2:-1] + "Z"  # a run of random characters without a digit is a word
        values.append(value)
        return value

    return PLACE.sub(fill, sample), values
