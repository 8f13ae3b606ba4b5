// Shows the API's description with Redoc, which a script before this one has loaded.

declare const Redoc: {
  init(url: string, options: Record<string, unknown>, element: Element | null, done: (error?: unknown) => void): void;
};

Redoc.init(
  '/api/openapi.json',
  // The events of the WebSocket are components that no operation's body names; this lists them.
  { schemaDefinitionsTagName: 'Schemas', hideDownloadButtons: false, nativeScrollbars: true, theme: { colors: { primary: { main: '#9a3412' } } } },
  document.getElementById('docs'),
  (error) => {
    if (error === undefined || error === null) document.body.dataset.ready = 'true';
  },
);
