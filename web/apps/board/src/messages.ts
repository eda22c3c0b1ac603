import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: { title: '采样大屏' },
  en: { title: 'Big screen' },
})
