"""Every sentence with something that varies in it which a worker may store; see ``reasons``.

The workers write these with f-strings. A mark stands where an expression stands there; what the
mark is called decides how its value is said, see ``reasons.UNCHANGED_MARKS``.
"""

from django.utils.translation import gettext_noop as _

FETCHING = (
    _("The address answered with error %(status)s."),
    _("The address answered with status %(status)s."),
    _("The address did not deliver the document within %(limit)s seconds."),
)

READING = (
    _("The file holds binary data, not a document. %(accepted)s."),
    _("The file holds more than %(limit)s characters of text. Split it into smaller files."),
    _("The file is larger than %(limit)s, which is the most one document may have."),
    _("The file needed more than %(limit)s MB of memory to read."),
    _("The file seems to be %(what)s. %(accepted)s."),
    _("The file took longer than %(limit)s %(unit)s to read."),
    _("No installed plugin reads files of type %(name)s."),
    _("The plugin %(plugin)s cuts the document into pieces that are too many or too long."),
)

WARNINGS = (
    _("%(count)s hidden characters were removed from the text."),
    _("Only the first %(limit)s of %(count)s columns were read."),
    _("Only the first %(limit)s rows were read."),
    _("Page could not be read: %(pages)s."),
    _("Page without text (empty, or only pictures): %(pages)s."),
    _("Pages could not be read: %(pages)s and %(count)s more."),
    _("Pages could not be read: %(pages)s."),
    _("Pages without text (empty, or only pictures): %(pages)s and %(count)s more."),
    _("Pages without text (empty, or only pictures): %(pages)s."),
)

INDEXING = (
    _("The plugin %(plugin)s makes vectors of another model than it did."),
    _(
        "The embedding server sent vectors of %(dimension)s dimensions; this embedder is "
        "configured for %(expected)s."
    ),
    _("The embedding server was sent %(count)s texts and did not answer with as many vectors."),
    _("The index was built with the embedding model %(model)s, the collection uses %(other)s."),
    _("The other service cannot answer now (status %(status)s)."),
    _("The other service refused the request (status %(status)s)."),
    _("The vectors have %(dimension)s dimensions, the collection %(expected)s."),
)

LOADING = (_("The source has more than %(limit)s files. Ask it for fewer."),)

PIPELINES = (
    _("A %(name)s stage does not belong in a pipeline that answers."),
    _("A pipeline has at most %(limit)s stages."),
    _("There may be at most %(limit)s tools in a pipeline."),
    _("A pipeline has at most one %(name)s stage."),
    _("A pipeline needs exactly one %(name)s stage."),
    _("The %(name)s stage must come before the %(other)s stage."),
    _("The configuration of %(plugin)s is not valid: %(where)s: %(why)s."),
    _("There is no %(name)s plugin called %(plugin)s."),
)

ANSWERING = (
    _("%(what)s is outside what a model accepts."),
    _("The %(name)s stage took longer than its %(limit)s seconds."),
    _("The %(name)s stage wrote more than %(limit)s characters."),
    _("The answer took longer than the %(limit)s seconds it was given."),
    _("The model endpoint refused the request (status %(status)s)."),
    _("The plugin %(plugin)s is not installed any more."),
    _("The plugin %(plugin)s is switched off."),
    _("The plugin %(plugin)s was recalled: %(why)s."),
    _("The plugin %(plugin)s did not end its answer as a generator must."),
    _(
        "The plugin %(plugin)s failed in the %(name)s stage. The operator finds the kind of "
        "error in the worker's log."
    ),
    _("The plugin %(plugin)s returned passages twice or out of nowhere."),
    _("The plugin %(plugin)s returned something that is no %(name)s."),
)

HEALTH = (
    _("%(name)s answers."),
    _("%(name)s is not ready (HTTP %(status)s)."),
    _("%(name)s refuses the key (HTTP %(status)s)."),
    _("Did not answer within %(limit)s seconds."),
    _("No worker has taken anything from it for %(limit)s seconds."),
    _(
        "The broker does not answer (%(name)s). Questions and uploads are kept and go on when it "
        "is back."
    ),
    _(
        "The broker evicts keys when it is full (maxmemory-policy %(name)s) and would lose work in "
        "silence. Set maxmemory-policy to noeviction."
    ),
    _("The database refuses (%(name)s); look at its log and its address."),
    _("The default model's engine cannot be reached (%(name)s)."),
)
"""What the parts of the platform say of themselves; see ``ops.health``."""

TOOLS = (
    _("No more than %(limit)s tool calls are made for one question."),
    _("The arguments are longer than %(limit)s characters."),
    _("The arguments do not fit: %(where)s %(why)s."),
    _("The plugin %(plugin)s has no name that a model can call."),
    _("The plugin %(plugin)s names an effect that there is not."),
    _("The plugin %(plugin)s wrote a turn that only tools may have."),
    _("The tool describes its arguments with “%(name)s”, which is not accepted."),
    _("The tool server %(name)s has no tool %(what)s; it has: %(others)s."),
    _(
        "The tool %(other)s of the tool server %(name)s says something else of itself than when it was "
        "approved. The operator has to look at it."
    ),
    _("There is no tool called “%(name)s”."),
    _("Two tools of the pipeline call themselves “%(name)s”."),
)

SANDBOX = (
    _(
        "The collection is too large for the index of the plugin %(plugin)s: its passages take "
        "%(size)s MB, and the plugin was granted %(limit)s MB."
    ),
    _("A search gives 1 to %(limit)s passages, for a text of at most %(length)s characters."),
    _("At most %(limit)s texts are embedded at once."),
    _("Inside the sandbox Python lacks %(name)s."),
    _("The plugin %(plugin)s answered with something that its contract does not allow: %(why)s."),
    _("The plugin %(plugin)s cannot be loaded (%(why)s)."),
    _("The plugin %(plugin)s could not be asked: %(why)s."),
    _("The plugin %(plugin)s does not take its configuration: %(why)s."),
    _(
        "The plugin %(plugin)s failed in the %(name)s stage. Its author finds the place in the "
        "plugin's log."
    ),
    _("The plugin %(plugin)s needed more than its %(limit)s MB of memory."),
    _(
        "The plugin %(plugin)s needs a place to write files, which only bubblewrap can bound. The "
        "operator can install it."
    ),
    _(
        "The plugin %(plugin)s stopped %(count)s times in a row and is left alone for some "
        "minutes. Tell its author."
    ),
    _("The plugin %(plugin)s took longer than its %(limit)s seconds."),
    _("The plugin used %(name)s more than %(limit)s times in one call."),
    _("The plugin was not granted %(name)s."),
    _("The process of the plugin %(plugin)s was lost: it %(how)s."),
    _("The stored file of the plugin %(plugin)s is damaged. Tell the operator."),
)

PHRASES = (
    _("a compressed file (BZIP2)"),
    _("a compressed file (GZIP)"),
    _("a compressed file (XZ)"),
    _("a compressed file (Zstandard)"),
    _("a damaged ZIP archive"),
    _("a data file (Parquet)"),
    _("a database (SQLite)"),
    _("a file of an old Office program"),
    _("a font"),
    _("a Java program"),
    _("A message's role"),
    _("A tool's result without its call"),
    _("a picture (BMP)"),
    _("a picture (GIF)"),
    _("a picture (HEIC or AVIF)"),
    _("a picture (JPEG)"),
    _("a picture (PNG)"),
    _("a picture (SVG)"),
    _("a picture (TIFF)"),
    _("a picture (WebP)"),
    _("a PostScript file"),
    _("a PowerPoint presentation (.pptx); export it as PDF"),
    _("a program"),
    _("a program (WebAssembly)"),
    _("a program for Linux"),
    _("a program for macOS"),
    _("a program for Windows"),
    _("a Rich Text file (.rtf)"),
    _("a sound file (FLAC)"),
    _("a sound file (MP3)"),
    _("a sound file (WAV)"),
    _("a sound or video file (Ogg)"),
    _("a video file (AVI)"),
    _("a video file (Matroska)"),
    _("a video file (MP4)"),
    _("a ZIP archive"),
    _("a ZIP archive with too many members"),
    _("a ZIP archive; unpack it and upload the documents in it"),
    _("an archive (7-Zip)"),
    _("an archive (RAR)"),
    _("an archive (TAR)"),
    _("an e-book (EPUB)"),
    _("an empty ZIP archive"),
    _("an Excel workbook (.xlsb); save the sheets as CSV"),
    _("an Excel workbook (.xlsx); save the sheets as CSV"),
    _("an Office file protected by a password"),
    _("an old Excel workbook (.xls); save the sheets as CSV"),
    _("an old PowerPoint presentation (.ppt); export it as PDF"),
    _("an old Word document (.doc); save it as .docx"),
    _("an OpenDocument file; export it as PDF"),
    _("an OpenDocument text (.odt); save it as .docx"),
    _("an XML file"),
    _("PDF, Word (.docx), HTML, Markdown, text and CSV files are accepted"),
    _("answered out of turn"),
    _("answered with something that is no report"),
    _("asked for more than it may"),
    _("cannot be loaded"),
    _("could not be started"),
    _("could not be tested"),
    _("did not start in time"),
    _("did not stop when it was told to"),
    _("sent a message that is not for us"),
    _("sent more than it may"),
    _("sent more than it was asked for"),
    _("sent something that is no answer"),
    _("sent something that is no message"),
    _("stopped unexpectedly"),
    _("talks without being asked"),
    _("took too long for its tests"),
    _("was idle"),
    _("was replaced"),
    _("was stopped with the worker"),
    _("was switched off"),
    _("wrote more log lines than it may"),
    _("wrote more to its folder than it was granted memory"),
    _("wrote too much to its folder"),
    _("second"),
    _("seconds"),
    _("The answer's token limit"),
    _("The list of stop texts"),
    _("The number of messages"),
    _("The number of tools"),
    _("The seed"),
    _("The temperature"),
)
"""What may stand at a mark, and is said in the reader's language as well."""

TEMPLATES = (
    *FETCHING,
    *READING,
    *WARNINGS,
    *INDEXING,
    *LOADING,
    *PIPELINES,
    *ANSWERING,
    *TOOLS,
    *SANDBOX,
    *HEALTH,
)
