import { z } from 'zod';
import { nameOr } from './kept.js';

/** Of a template, wherever it comes along (developers.klaviyo.com/en/reference/get_templates). */
export const templateAttributes = {
  name: z.string().nullish(),
  editor_type: z.string().nullish(),
  html: z.string().nullish(),
  text: z.string().nullish(),
  created: z.string().nullish(),
  updated: z.string().nullish(),
};

const template = z.looseObject(templateAttributes);

export function keptTemplate(attributes: z.infer<typeof template>, id: string) {
  const { name, editor_type, html, text, created, updated } = attributes;
  return {
    name: nameOr(name, id),
    editorType: editor_type ?? null,
    html: html ?? '',
    text: text ?? null,
    created: created ?? null,
    updated: updated ?? null,
  };
}

const included = z.looseObject({ id: z.string().min(1), attributes: template });

/** The template that came along with a message; null when there is none, or none that can be read. */
export function includedTemplate(record: unknown): ({ id: string } & ReturnType<typeof keptTemplate>) | null {
  const { success, data } = included.safeParse(record);
  return success ? { id: data.id, ...keptTemplate(data.attributes, data.id) } : null;
}
