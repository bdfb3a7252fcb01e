import { FINAL_STATES } from '@tajo/store';
import { Router } from 'express';
import { runMissingPage, runPage, runsPage, WATCH_SECONDS } from './pages/runs.js';
import { readRun, type RunStore } from './run-view.js';

const PAGE_SIZE = 50;

export interface RunPagesOptions {
  readonly store: RunStore;
  readonly links: readonly { text: string; url: string }[];
  readonly queueUrl: (resource: string) => string;
}

/** `/` lists runs, `/runs/:id` shows one. */
export function createRunPages({ store, links: nav, queueUrl }: RunPagesOptions): Router {
  const router = Router();

  router.get('/', async (request, response) => {
    const { before } = request.query;
    const runs = await store.runs.list({ limit: PAGE_SIZE, ...(typeof before === 'string' ? { before } : {}) });
    const older = runs.length === PAGE_SIZE ? runs.at(-1)?._id : undefined;
    response.type('html').send(runsPage(runs, { nav, older }).text);
  });

  router.get('/runs/:id', async (request, response) => {
    const { id } = request.params;
    const view = await readRun(store, id);
    if (!view) {
      response.status(404).type('html').send(runMissingPage(id, { nav }).text);
      return;
    }
    const watched = request.query.watch !== undefined && !FINAL_STATES.includes(view.run.state);
    if (watched) response.set('refresh', String(WATCH_SECONDS));
    response.type('html').send(runPage(view, { nav, queueUrl, watched }).text);
  });

  return router;
}
