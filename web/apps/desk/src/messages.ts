import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: {
    title: '工作台',
    group: { command: '指挥', sampling: '采样', lab: '检测', people: '人员与区划', system: '系统' },
    nav: '主菜单',
    board: '采样大屏',
    skip: '跳到正文',
    nothing: '你的账号还没有可用的页面',
    nothingHint: '请让管理员在“账号”页为你授予角色。',
    missing: '没有这个页面',
  },
  en: {
    title: 'Desk',
    group: { command: 'Command', sampling: 'Sampling', lab: 'Laboratory', people: 'People and areas', system: 'System' },
    nav: 'Main menu',
    board: 'Big screen',
    skip: 'Skip to content',
    nothing: 'Your account has no pages yet',
    nothingHint: 'Ask an administrator to grant you a role on the Accounts page.',
    missing: 'There is no such page',
  },
})
