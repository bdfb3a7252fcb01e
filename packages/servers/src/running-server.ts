export type ServerName = 'redis' | 'mongo';

/** A server that was started here, for as long as this process lives. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Ends it as a power cut would (SIGKILL). */
  kill(): Promise<void>;
  /** Ends it in good order; its data stays for `restart`. */
  end(): Promise<void>;
  /** Starts it again after `kill` or `end`, on the same port and data. */
  restart(): Promise<void>;
  /** Ends it in good order; temporary data goes with it. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Keeps the data in this folder; without it the data is temporary. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where progress goes, a line at a time; default standard error. */
  readonly log?: (line: string) => void;
  /** Whether missing programs may be installed with apt-get on Debian as root. Default true. */
  readonly allowInstall?: boolean;
}

/** What one way of getting a server came to. */
export type Attempt = { readonly server: RunningServer; readonly why: string } | { readonly skipped: string };

export type Env = Readonly<Record<string, string | undefined>>;
