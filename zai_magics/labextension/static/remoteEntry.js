/**
 * Colours `%%zai` cells as Markdown in JupyterLab and Notebook, instead of as broken Python.
 *
 * Plain JavaScript, shipped as it stands: what a bundler would generate is the last few lines.
 * Only the cell model's MIME type is set, which lives in the page and is never saved.
 */
(() => {
  'use strict';

  const PROSE = 'text/x-ipythongfm'; // what the front-ends call Markdown with formulas
  // The widgets whose cells are looked at; a factory that is not installed does no harm.
  const FACTORIES = ['Notebook', 'Jupytext Notebook'];
  // Blank lines and comments, which may stand above the magic.
  const ABOVE = /^\s*(?:#[^\n]*\n\s*)*/;

  // The cells whose type was set here: one that somebody else coloured is left to them.
  const painted = new WeakSet();
  // True while a type is set here, and so not to be answered.
  let setting = false;
  // The libraries that the front-end shares, and of them its registry of languages.
  let scope = {};
  let languages = null;

  /**
   * Tell whether a source is a `%%zai` cell, and how far an edit can change that.
   * @returns {{prose: boolean, reach: number}} an edit beyond `reach` need not be looked at
   */
  function read(source) {
    const start = ABOVE.exec(source)[0].length;
    const prose = source.startsWith('%%zai', start) && !/\w/.test(source.charAt(start + 5));
    // A comment that nothing follows yet: what is typed at its end may be the magic's line.
    const reach = source[start] === '#' ? source.length : start + 5;
    return { prose, reach };
  }

  /** Watches the cells of one notebook widget for as long as the widget lives. */
  class Painter {
    constructor(panel, context) {
      this.isDisposed = false;
      this._content = panel.content;
      this._cells = context.model.cells;
      this._states = new WeakMap(); // a cell's shared model -> {cell, prose, reach}
      this._cells.changed.connect(this._onCells, this);
      for (const cell of this._cells) {
        this._watch(cell);
      }
    }

    dispose() {
      if (this.isDisposed) {
        return;
      }
      this.isDisposed = true;
      this._cells.changed.disconnect(this._onCells, this);
      // The notebook may live on in another view; removed cells took their signals with them.
      for (const cell of this._cells.isDisposed ? [] : this._cells) {
        cell.sharedModel.changed.disconnect(this._onEdit, this);
        cell.mimeTypeChanged.disconnect(this._onMimeType, this);
      }
    }

    _onCells(cells, change) {
      for (const cell of change.newValues) {
        this._watch(cell);
      }
    }

    _watch(cell) {
      if (cell.type !== 'code' || this._states.has(cell.sharedModel)) {
        return;
      }
      const state = { cell, ...read(cell.sharedModel.getSource()) };
      this._states.set(cell.sharedModel, state);
      cell.sharedModel.changed.connect(this._onEdit, this);
      cell.mimeTypeChanged.connect(this._onMimeType, this);
      this._paint(state);
    }

    _onEdit(shared, change) {
      const edits = change.sourceChange;
      if (!edits) {
        return; // an output, an execution count, metadata
      }
      const state = this._states.get(shared);
      // Most keys are pressed below the magic's name: those cost this comparison and no more.
      if ((edits[0]?.retain ?? 0) <= state.reach) {
        Object.assign(state, read(shared.getSource()));
        this._paint(state);
      }
    }

    _onMimeType(cell) {
      // Ours, or an answer to ours: two extensions that both insist would never come to an end.
      if (!setting) {
        this._paint(this._states.get(cell.sharedModel));
      }
    }

    _paint({ cell, prose }) {
      if (prose && cell.mimeType !== PROSE) {
        painted.add(cell);
        change(cell, PROSE);
      } else if (!prose && painted.delete(cell) && cell.mimeType === PROSE) {
        change(cell, this._content.codeMimetype);
      }
    }
  }

  function set(cell, ...mimeTypes) {
    setting = true;
    try {
      for (const mimeType of mimeTypes) {
        cell.mimeType = mimeType;
      }
    } finally {
      setting = false;
    }
  }

  /**
   * Change a cell's type, and see to it that the editor shows it.
   *
   * An editor paints the language that has finished loading last, not the one it was told last:
   * where one of the two is still on its way, the change is made once more when both are there.
   */
  async function change(cell, mimeType) {
    const before = cell.mimeType;
    set(cell, mimeType);
    const missing = [before, mimeType].filter(type => !languages?.findByMIME(type)?.support);
    if (!languages || !missing.length) {
      return;
    }
    // A language that cannot be loaded is the editor's to report.
    await Promise.allSettled(missing.map(type => languages.getLanguage(type)));
    if (!cell.isDisposed && cell.mimeType === mimeType) {
      set(cell, before, mimeType);
    }
  }

  /** The front-end's copy of a library: the one in use, or else the newest. */
  async function library(name) {
    const copies = Object.entries(scope[name] ?? {});
    copies.sort(([a], [b]) => b.localeCompare(a, undefined, { numeric: true }));
    const copy = (copies.find(([, entry]) => entry.loaded) ?? copies[0])?.[1];
    if (!copy) {
      return null;
    }
    copy.loaded = 1; // whoever asks next gets the same
    return (await copy.get())();
  }

  async function plugin() {
    const codemirror = await library('@jupyterlab/codemirror');
    return {
      id: 'zai-magics:prose',
      description: 'Colours %%zai cells as Markdown.',
      autoStart: true,
      optional: codemirror ? [codemirror.IEditorLanguageRegistry] : [],
      activate: (app, registry) => {
        languages = registry ?? null;
        for (const name of FACTORIES) {
          app.docRegistry.addWidgetExtension(name, {
            createNew: (panel, context) => new Painter(panel, context)
          });
        }
      }
    };
  }

  // The container of a federated module, as the front-ends load one; it shares nothing itself.
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['zai-magics'] = {
    init: shared => {
      scope = shared;
    },
    get: async name => {
      if (name !== './extension') {
        throw new Error(`zai-magics has no module ${name}`);
      }
      const exports = { __esModule: true, default: await plugin() };
      return () => exports;
    }
  };
})();
