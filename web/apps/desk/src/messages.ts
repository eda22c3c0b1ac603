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
    setup: {
      title: '创建首位管理员',
      about: '此链接只能用一次。请记好账号与密码，之后在“账号”页为其他人开账号。',
      name: '账号',
      nameHint: '3 至 64 个字符：小写字母、数字、. _ -',
      password: '密码',
      passwordHint: '至少 12 个字符',
      submit: '创建并登录',
    },
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
    setup: {
      title: 'Create the first administrator',
      about: 'This link works once. Keep the name and password; accounts for others are made on the Accounts page.',
      name: 'Account',
      nameHint: '3 to 64 characters: lower-case letters, digits, . _ -',
      password: 'Password',
      passwordHint: 'At least 12 characters',
      submit: 'Create and sign in',
    },
  },
})
