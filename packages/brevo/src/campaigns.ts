import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

/** E-mail campaigns and senders, all of the 100 requests an hour that Brevo's "everything else" shares. Nothing here sends or schedules. */
export interface CampaignMethods {
  /** The newest campaigns of any state, 1 to 100, without their HTML. */
  newestCampaigns(
    options: CallOptions & { limit: number; offset?: number | undefined; statistics?: boolean | undefined },
  ): Promise<EmailCampaign[]>;
  /** With its global statistics: numbers are absent or 0 unless they are asked for. */
  emailCampaign(id: number, options?: CallOptions): Promise<EmailCampaign | undefined>;
  /** Not scheduled, so it stays a draft. A repeat makes a second one: an error may have the code `brevo_outcome_unknown`. */
  createCampaignDraft(draft: CampaignDraft, options?: CallOptions): Promise<{ id: number }>;
  /** Every sender, the verified ones (`active`) and the others. */
  senders(options?: CallOptions): Promise<Sender[]>;
}

/** There is no way to say when it shall go out. */
export interface CampaignDraft {
  readonly name: string;
  readonly subject: string;
  readonly sender: { readonly id: number };
  readonly htmlContent: string;
  readonly previewText?: string | undefined;
  readonly replyTo?: string | undefined;
  /** Offers "view in browser" at `{{ mirror }}`. */
  readonly mirrorActive?: boolean | undefined;
  readonly recipients?:
    | { readonly listIds: readonly number[]; readonly exclusionListIds?: readonly number[] | undefined }
    | undefined;
}

const campaignBody = z.looseObject({
  id: z.number(),
  name: z.string(),
  status: z.string().nullish(),
  createdAt: z.string().nullish(),
  statistics: z.looseObject({ globalStats: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});
export type EmailCampaign = z.infer<typeof campaignBody>;

const senderBody = z.looseObject({
  id: z.number(),
  name: z.string().nullish(),
  email: z.string(),
  active: z.boolean().nullish(),
});
export type Sender = z.infer<typeof senderBody>;

export function campaignMethods(api: Api): CampaignMethods {
  const path = '/emailCampaigns';
  return {
    async newestCampaigns({ limit, offset, statistics, ...options }) {
      const query = {
        limit,
        offset,
        sort: 'desc',
        excludeHtmlContent: true,
        ...(statistics && { statistics: 'globalStats' }),
      };
      const answer = z.looseObject({ campaigns: z.array(campaignBody).nullish() });
      return (await api({ method: 'GET', path, query, answer, ...options })).campaigns ?? [];
    },

    emailCampaign(id, options) {
      const query = { statistics: 'globalStats' };
      return absentAsUndefined(
        api({ method: 'GET', path: `${path}/{id}`, params: { id }, query, answer: campaignBody, ...options }),
      );
    },

    createCampaignDraft: ({ name, subject, sender, htmlContent, previewText, replyTo, mirrorActive, recipients }, options) =>
      api({
        method: 'POST',
        path,
        // Taken apart, so that whatever else an object carries (a `scheduledAt`, say) cannot get out.
        body: { name, subject, sender: { id: sender.id }, htmlContent, previewText, replyTo, mirrorActive, recipients },
        repeatable: false,
        answer: z.looseObject({ id: z.number() }),
        ...options,
      }),

    async senders(options) {
      const answer = z.looseObject({ senders: z.array(senderBody).nullish() });
      return (await api({ method: 'GET', path: '/senders', answer, ...options })).senders ?? [];
    },
  };
}
