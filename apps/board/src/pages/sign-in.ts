import { type Html, html } from '../html.js';
import { layout } from './layout.js';

export function signInPage({ next, problem }: { next: string; problem?: string }): Html {
  return layout({
    title: 'Sign in',
    body: html`<div class="card narrow">
<h1>Sign in to Tajo</h1>
${problem && html`<p id="problem" class="bad" role="alert">${problem}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="next" value="${next}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus ${problem && html`aria-invalid="true" aria-describedby="problem"`}>
<button>Sign in</button>
</form>
</div>`,
  });
}

export function signOutPage(): Html {
  return layout({
    title: 'Sign out',
    body: html`<div class="card narrow">
<h1>Sign out of Tajo</h1>
<form method="post" action="/sign-out"><button>Sign out</button></form>
<p><a href="/">Stay signed in</a></p>
</div>`,
  });
}
