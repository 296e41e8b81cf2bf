"""What the activities of the example apps have done to the world, which remembers each key once."""

from collections import Counter


class World:
    """Somewhere to have an effect. A real service would use the key in the same way: to do a thing once."""

    def __init__(self) -> None:
        self.done: dict[str, object] = {}
        self.asked: Counter[str] = Counter()

    def once(self, key: str, value: object) -> object:
        """Do something under a key; asked again, give what was done the first time."""
        self.asked[key] += 1
        return self.done.setdefault(key, value)

    def forget(self) -> None:
        """Begin anew."""
        self.done.clear()
        self.asked.clear()


WORLD = World()
