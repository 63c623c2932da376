"""The recipes by name, or the settings of one of them."""

from ch_sentiment.console import show
from ch_sentiment.experiment.auto import ABOUT
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.recipes import AUTO, RECIPES, recipe_named

HELP = "list the recipes, or show the settings of one"


def add_arguments(parser):
    parser.add_argument("name", nargs="?", help="show the settings of this one that differ from the defaults")


def run(options):
    """Print names and what they are, or one recipe's settings; -> exit code 0. DataError."""
    if options.name is None:
        for name, recipe in RECIPES.items():
            show(f"{name}: {recipe.about}")
        show(f"{AUTO}: {ABOUT}")
        return 0
    if options.name == AUTO:
        show(ABOUT)
        return 0
    recipe = recipe_named(options.name)
    show(recipe.about)
    for name, value in Config.of(recipe.settings).changes().items():
        show(f"  {name} = {value}")
    return 0
