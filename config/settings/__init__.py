"""Settings, one module per concern, safe by default. All values come from the environment; see README, "Configuration"."""

from config.settings.core import *
from config.settings.database import *
from config.settings.accounts import *
from config.settings.security import *
from config.settings.files import *
from config.settings.language import *
from config.settings.mail import *
from config.settings.jobs import *
from config.settings.providers import *
from config.settings.console import *
from config.settings.log import *
