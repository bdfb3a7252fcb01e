import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router } from 'express';
import { openApiOf } from './openapi.js';
import type { Route } from './route.js';

/** The OpenAPI document and a page to browse it. Swagger UI is served from its package: no other host is asked for anything. */
export function createApiPages(routes: readonly Route[]): Router {
  const document = openApiOf(routes);
  const router = Router();
  router.get('/v1/openapi.json', (_request, response) => void response.json(document));
  router.get('/docs', (request, response) => {
    // The page's addresses are relative to a folder, so that it also works below the path of a proxy.
    if (!request.path.endsWith('/')) return response.redirect('docs/');
    response.type('html').send(page);
  });
  router.get('/docs/start.js', (_request, response) => void response.type('text/javascript').send(start));
  const root = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) {
    router.get(`/docs/${file}`, (_request, response) => response.sendFile(file, { root, cacheControl: false }));
  }
  return router;
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Tajo API</title>
    <link rel="icon" href="./favicon-32x32.png">
    <link rel="stylesheet" href="./swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="./swagger-ui-bundle.js"></script>
    <script src="./start.js"></script>
  </body>
</html>
`;

// No validator badge: it would send the document's address to another host.
const start = `SwaggerUIBundle({ url: '../v1/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });
`;
