import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: { title: '入口', lead: '选择你的工作页面。' },
  en: { title: 'Entrance', lead: 'Choose the page of your work.' },
})
