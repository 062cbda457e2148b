// Modules of every page, one behaviour each. They listen on the document, so that content swapped in by htmx works too.
import "./autosize.js";
import "./bell.js";
import "./code_copy.js";
import "./copy.js";
import "./dialog.js";
import "./drafts.js";
import "./drawer.js";
import "./focus.js";
import "./menu.js";
import "./reveal.js";
import "./select_all.js";
import "./shortcuts.js";
import "./sign_out.js";
import "./submit_once.js";
import "./theme_switch.js";
import "./toast.js";
import "./upload.js";
