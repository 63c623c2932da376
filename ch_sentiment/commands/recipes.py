"""The recipes by name, or the settings of one of them."""

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
            print(f"{name}: {recipe.about}")
        print(f"{AUTO}: {ABOUT}")
        return 0
    if options.name == AUTO:
        print(ABOUT)
        return 0
    recipe = recipe_named(options.name)
    print(recipe.about)
    for name, value in Config.of(recipe.settings).changes().items():
        print(f"  {name} = {value}")
    return 0
