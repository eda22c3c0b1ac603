//! Names that sound like the place and belong to nobody in particular.

use allclear_domain::people::document::Sex;
use rand_chacha::ChaCha8Rng;

use super::{below, weighted};

/// Surnames with their share in a thousand: the common ones of China and those of central Zhejiang.
const SURNAMES: [(&str, u64); 64] = [
    ("王", 62),
    ("徐", 60),
    ("胡", 58),
    ("应", 52),
    ("吕", 50),
    ("陈", 50),
    ("李", 48),
    ("程", 40),
    ("施", 36),
    ("章", 30),
    ("张", 42),
    ("朱", 32),
    ("周", 28),
    ("吴", 26),
    ("黄", 24),
    ("刘", 28),
    ("杨", 22),
    ("卢", 18),
    ("林", 16),
    ("叶", 16),
    ("楼", 12),
    ("金", 12),
    ("方", 12),
    ("何", 12),
    ("郑", 10),
    ("马", 10),
    ("赵", 12),
    ("孙", 10),
    ("郭", 8),
    ("夏", 10),
    ("俞", 8),
    ("童", 8),
    ("池", 6),
    ("倪", 6),
    ("颜", 6),
    ("曹", 6),
    ("潘", 6),
    ("董", 6),
    ("姚", 6),
    ("沈", 6),
    ("韩", 5),
    ("唐", 5),
    ("冯", 5),
    ("许", 5),
    ("高", 5),
    ("罗", 5),
    ("宋", 5),
    ("谢", 5),
    ("邓", 4),
    ("曾", 4),
    ("彭", 4),
    ("萧", 3),
    ("蒋", 4),
    ("蔡", 4),
    ("余", 4),
    ("杜", 3),
    ("戴", 3),
    ("丁", 3),
    ("任", 3),
    ("舒", 3),
    ("田", 3),
    ("欧阳", 1),
    ("单", 1),
    ("解", 1),
];

const MALE: [&str; 56] = [
    "伟", "强", "军", "勇", "杰", "涛", "明", "超", "刚", "平", "辉", "建", "国", "华", "志", "文", "斌", "波", "飞", "鹏", "浩", "宇",
    "轩", "俊", "豪", "博", "宏", "晨", "阳", "泽", "凯", "旭", "林", "峰", "磊", "洋", "毅", "康", "福", "寿", "根", "法", "金", "土",
    "良", "仁", "友", "生", "德", "锦", "航", "睿", "奕", "铭", "栋", "方",
];

const FEMALE: [&str; 56] = [
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "英", "玲", "燕", "红", "梅", "兰", "桂", "香", "珍", "爱", "雪", "琴", "萍",
    "莉", "慧", "颖", "婷", "雨", "欣", "怡", "佳", "悦", "涵", "梓", "诗", "瑶", "琪", "晓", "春", "月", "凤", "仙", "美", "青", "菊",
    "彩", "素", "云", "莲", "宁", "思", "心", "妍", "可", "依", "语", "彤",
];

/// Makers' words of factory names in a hardware town.
const FIRMS: [&str; 24] = [
    "兴达",
    "永发",
    "宏伟",
    "金龙",
    "华盛",
    "恒丰",
    "嘉和",
    "顺达",
    "飞鹰",
    "天成",
    "鑫源",
    "星光",
    "万盛",
    "力拓",
    "正阳",
    "瑞安",
    "方圆",
    "博大",
    "德隆",
    "振兴",
    "新世纪",
    "泰和",
    "群升",
    "四方",
];

const TRADES: [&str; 10] = [
    "五金厂",
    "电动工具有限公司",
    "门业有限公司",
    "杯业有限公司",
    "休闲用品有限公司",
    "铝业有限公司",
    "衡器厂",
    "铜制品厂",
    "物流有限公司",
    "超市",
];

/// A family's surname.
pub(super) fn surname(rng: &mut ChaCha8Rng) -> &'static str {
    SURNAMES[weighted(rng, SURNAMES.iter().map(|(_, weight)| *weight))].0
}

/// A name: two characters after the surname for most, one for some.
pub(super) fn full(rng: &mut ChaCha8Rng, surname: &str, sex: Sex) -> String {
    let chars = if sex == Sex::Male { &MALE } else { &FEMALE };
    let mut pick = || chars[below(rng, chars.len() as u64) as usize];
    let (first, second) = (pick(), pick());
    let single = below(rng, 100) < 22;
    if single { format!("{surname}{first}") } else { format!("{surname}{first}{second}") }
}

/// A firm of the town.
pub(super) fn firm(rng: &mut ChaCha8Rng, town: &str) -> String {
    let town = town.trim_end_matches("街道").trim_end_matches('镇');
    let word = FIRMS[below(rng, FIRMS.len() as u64) as usize];
    let trade = TRADES[below(rng, TRADES.len() as u64) as usize];
    format!("{town}{word}{trade}")
}
