import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { BoardHooks, ControllerHandlerReturnType } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import { type Logger, redactDeep } from '@tajo/logging';
import type { Queue } from 'bullmq';
import type { Express } from 'express';
import type { Role } from './passwords.js';
import { runUrl } from './pages/runs.js';
import { isPermitted } from './permitted.js';

/** Every open tab asks every queue this often; more would make the board a load of its own. */
const POLL_SECONDS = 10;

export interface BullBoardOptions {
  readonly queues: readonly Queue[];
  readonly role: Role;
  /** Where it is mounted; goes into `<base href>`. */
  readonly basePath: string;
  readonly links: readonly { text: string; url: string }[];
  readonly logger: Logger;
}

/**
 * Bull Board as one role may use it: a viewer's has no buttons and refuses every change, an admin's permits what `permitted.ts`
 * lists. Every JSON body is redacted as a whole, since Bull Board's own formatters leave out reasons, stack traces, options and logs.
 */
export function createBullBoardRouter({ queues, role, basePath, links, logger }: BullBoardOptions): Express {
  const adapter = new ExpressAdapter();
  adapter.setBasePath(basePath);
  createBullBoard({
    queues: queues.map(
      (queue) => new BullMQAdapter(queue, { readOnlyMode: role === 'viewer', externalJobUrl: (job) => runLink(job.data) }),
    ),
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: 'Tajo',
        miscLinks: [...links],
        hideDocsLink: true,
        pollingInterval: { showSetting: false, forceInterval: POLL_SECONDS },
      },
      handlerHooks: hooksFor(role, logger),
    },
  });
  // What is thrown does not pass the hooks. The body parser's errors quote the body, cut short, where redaction cannot know it.
  adapter.setErrorHandler((error) => {
    if ('type' in error) return { status: 400, body: { error: 'The request cannot be read.' } };
    logger.warn({ err: error }, 'board request failed');
    return redactedResult({ status: 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message: error.message } });
  });
  // `getRouter` is declared as any; it is the express application the adapter built.
  const app = adapter.getRouter() as Express;
  app.disable('x-powered-by');
  withoutThirdParties(app);
  return app;
}

function hooksFor(role: Role, logger: Logger): BoardHooks {
  return {
    before: (context) => {
      if (isPermitted(context)) return { allow: true };
      return {
        allow: false,
        status: 403,
        message: 'This action is closed on the board for everyone: it could break a run’s counts or the vendors’ rate budgets.',
      };
    },
    after: ({ method, route, request }, result) => {
      if (method !== 'get') {
        logger.info(
          {
            role,
            action: `${method} ${route}`,
            queue: request.params.queueName,
            job: request.params.jobId,
            status: result.status ?? 200,
          },
          'board action',
        );
      }
      return redactedResult(result);
    },
  };
}

function redactedResult(result: ControllerHandlerReturnType): ControllerHandlerReturnType {
  // Redaction changes strings inside the body, never its shape.
  return { ...result, body: redactDeep(result.body) as ControllerHandlerReturnType['body'] };
}

function runLink(data: unknown): { displayText: string; href: string } {
  const run = typeof data === 'object' && data !== null && 'run' in data ? data.run : undefined;
  return typeof run === 'string' && run !== '' ? { displayText: 'Run', href: runUrl(run) } : { displayText: 'Runs', href: '/' };
}

/** Bull Board's page asks Google for fonts. An operator's page tells nobody that it was opened, and the CSP would refuse it loudly. */
function withoutThirdParties(app: Express): void {
  type Engine = (path: string, options: object, done: (error: unknown, html?: string) => void) => void;
  // Express keeps what `app.engine` registered in `app.engines`, which its types leave out.
  const { engines } = app as unknown as { engines: Record<string, Engine> };
  const render = engines['.ejs'];
  if (!render) return;
  app.engine('ejs', (path, options, done) =>
    render(path, options, (error, html) => done(error, html?.replace(/<link[^>]+href="https?:[^>]*>/g, ''))),
  );
}
