"""`python -m taojin.ranking.zoo` lists every model with its parts and its source."""

import subprocess
import sys

from taojin.ranking import zoo
from taojin.ranking.crosses.cross_net import CrossNet
from taojin.ranking.listing import parts
from taojin.ranking.model import RankingModel
from taojin.ranking.trees import Trees


def test_the_module_lists_every_model() -> None:
    said = subprocess.run([sys.executable, "-m", "taojin.ranking.zoo"], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    names = [line.split()[0] for line in said.stdout.splitlines()[::2]]
    assert names == [name for name, value in vars(zoo).items() if isinstance(value, RankingModel | Trees)]
    assert len(names) == len(set(names)) > 25
    assert "DIEN                    Evolution() -> MLP((200, 80))\n" in said.stdout


def test_parts_are_written_as_they_are_made() -> None:
    for model in (RankingModel(crosses=(CrossNet(3, matrix=False),)), *vars(zoo).values()):
        if isinstance(model, RankingModel) and not model.start and not model.interests:
            text = parts(model).split(",  ")[0].split(" -> ")[0].split(", of ")[0].replace(", no shared vectors", "")
            made = eval(f"({text.replace(' + ', ', ')},)", vars(zoo) | {"CrossNet": CrossNet})
            assert made == model.crosses
