// `npm run demo`, once everything is built. The demo lives beside the command line, whose `up`, progress view and report it shows.
await import('../../packages/cli/dist/demo/main.js');
