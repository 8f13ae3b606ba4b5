// Shows the API's description with Swagger UI, which a script before this one has loaded.

declare const SwaggerUIBundle: (options: Record<string, unknown>) => unknown;

SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  filter: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  // Without this it asks a server of its maker's whether the description is valid.
  validatorUrl: null,
});
