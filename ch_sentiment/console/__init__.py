"""The command line's surroundings: what is printed and how, standard input, parsing, signals."""

from ch_sentiment.console.input import InputLines, input_lines
from ch_sentiment.console.parser import OneLineParser, ShortHelp
from ch_sentiment.console.signals import Terminated, terminable
from ch_sentiment.console.streams import once, say, say_styled, show, warn
from ch_sentiment.console.text import as_argument, printable, quoted, shorten, shorten_name

__all__ = ["InputLines", "OneLineParser", "ShortHelp", "Terminated", "as_argument", "input_lines", "once", "printable"]
__all__ += ["quoted", "say", "say_styled", "shorten", "shorten_name", "show", "terminable", "warn"]
