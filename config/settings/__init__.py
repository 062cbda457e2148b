"""Django settings, one module per concern, safe by default, read from the environment (README, "Configuration")."""

from config.settings.accounts import *
from config.settings.billing import *
from config.settings.console import *
from config.settings.core import *
from config.settings.database import *
from config.settings.events import *
from config.settings.files import *
from config.settings.jobs import *
from config.settings.language import *
from config.settings.log import *
from config.settings.mail import *
from config.settings.names import *
from config.settings.providers import *
from config.settings.security import *
