"""What is hidden and what stays; names and numbers are invented."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.masking import TOKENS, mask

HIDDEN = [
    ("我的电话是13812345678", "我的电话是[手机号]"),
    ("打138 1234 5678找我", "打[手机号]找我"),
    ("打138-1234-5678或139.1234.5678", "打[手机号]或[手机号]"),
    ("１３８１２３４５６７８", "[手机号]"),
    ("+8613812345678", "+[手机号]"),
    ("8613812345678转", "[手机号]转"),
    ("号码一三八一二三四五六七八，请回电", "号码[手机号]，请回电"),
    ("幺三八 一二三四 五六七八", "[手机号]"),
    ("138一二三四5678", "[手机号]"),
    ("1 3 8 1 2 3 4 5 6 7 8", "[手机号]"),
    ("座机0999-5123456", "座机[固话]"),
    ("（0999）5123456转8001", "[固话]"),
    ("010-51234567", "[固话]"),
    ("联系电话：5123456", "联系电话：[固话]"),
    ("身份证110101199003074578", "身份证[证件号]"),
    ("身份证 110101 19900307 457X", "身份证 [证件号]"),
    ("老证110101900307457", "老证[证件号]"),
    ("护照号E12345678", "护照号[证件号]"),
    ("发到abc.d+1@example.com.cn即可", "发到[邮箱]即可"),
    ("车牌京A12345逆行", "车牌[车牌]逆行"),
    ("京A·D12345", "[车牌]"),
    ("新能源车粤BD12345", "新能源车[车牌]"),
    ("教练车湘F1234学", "教练车[车牌]"),
    ("卡号6222021234567890123", "卡号[银行卡]"),
    ("转到4111 1111 1111 1111", "转到[银行卡]"),
    ("微信号wx_abc123", "微信号[账号]"),
    ("加我微信：abc_12345", "加我微信：[账号]"),
    ("QQ号是123456789", "QQ号是[账号]"),
    ("支付宝账号:abc12345", "支付宝账号:[账号]"),
    ("我叫张三家住东街", "我叫[姓名]家住东街"),
    ("我叫欧阳小明，", "我叫[姓名]，"),
    ("本人李小明反映路灯不亮", "本人[姓名]反映路灯不亮"),
    ("姓名：高大山，年龄五十", "姓名：[姓名]，年龄五十"),
    ("联系人王五", "联系人[姓名]"),
    ("业主赵丽丽说漏水", "业主[姓名]说漏水"),
    ("儿子叫黄小宝。", "儿子叫[姓名]。"),
    ("我姓钱", "我姓[姓名]"),
    ("免贵姓欧阳", "免贵姓[姓名]"),
    ("找物业王先生", "找物业[姓名]先生"),
    ("李小明女士来电", "[姓名]女士来电"),
    ("司徒女士", "[姓名]女士"),
    ("家住柳溪小区3栋2单元501室", "家住柳溪小区3栋[门牌]"),
    ("柳溪小区三栋二单元五零一室漏水", "柳溪小区三栋[门牌]漏水"),
    ("5号楼1203停电", "5号楼[门牌]停电"),
    ("东街18号501室", "东街18号[门牌]"),
    ("青山村3组12号的房子", "青山村3组[门牌]的房子"),
    ("2单元5楼东户", "[门牌]"),
]

KEPT = [
    "请拨打12345或110、119、120、122",
    "咨询电话96119，客服10086",
    "热线电话5123456是公开的",
    "微信12345公众号回复很快",
    "2026年3月2日13时04分",
    "2018-01-02 13:04:05",
    "金额12345678.90元",
    "赔偿13812345678元",
    "工单号9990012026071400012357",
    "工单编号250912101108115409",
    "订单号6222021234567890128",
    "2026071412345678号单据",
    "幸福路18号门口积水",
    "中山大道100号",
    "3栋2单元电梯坏了",
    "5栋1200户居民",
    "3单元120户停水",
    "101中学门口堵车",
    "每月租金800元，800房租",
    "县住房和城乡建设局答复",
    "村民李家村反映",
    "业主委员会没有成立",
    "我是农民，我是高中生",
    "本人于昨日来电",
    "本人方便时回复",
    "老百姓高兴",
    "联系人：本人",
    "一位女士来电",
    "有关同志请尽快处理",
    "王某与李某某发生纠纷",
    "G5513高速、湘A区、S201省道",
    "编号AB12CD34",
    "一二三四五六七八九十",
    "比例1:2:3，坐标112.345678901",
    "",
    "🙂",
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_a_personal_detail_is_replaced_by_its_token(text: str, shown: str) -> None:
    assert mask(text).text == shown


@pytest.mark.parametrize("text", KEPT)
def test_what_is_public_or_no_detail_stays(text: str) -> None:
    masked = mask(text)
    assert masked.text == text
    assert masked.found == ()


@pytest.mark.parametrize("text", [text for text, _ in HIDDEN])
def test_masking_a_masked_text_changes_nothing(text: str) -> None:
    once = mask(text).text
    again = mask(once)
    assert again.text == once
    assert again.found == ()


def test_positions_point_into_the_original() -> None:
    text = "我叫张三，手机１３８１２３４５６７８，车牌京A12345"
    found = mask(text).found
    assert [(kind, text[start:end]) for kind, start, end in found] == [
        ("name", "张三"),
        ("mobile", "１３８１２３４５６７８"),
        ("plate", "京A12345"),
    ]
    assert list(found) == sorted(found, key=lambda hit: hit[1])


def test_several_details_side_by_side_are_all_hidden() -> None:
    assert mask("13812345678 13912345678").text == "[手机号] [手机号]"
    assert mask("业主李丽一三八一二三四五六七八").text == "业主[姓名][手机号]"
    assert mask("我叫张大王先生").text == "我叫[姓名]先生"


SIGNS = "我叫 业主 先生 女士 姓名： 电话 微信 QQ 单元 欧阳 138 12345678 0999- 京A 12345 6222 组 ， @a.com x1 ： 2026-01-02"
PIECES = st.sampled_from([*"王李张高于一三八和的叫姓室号栋 ", *SIGNS.split(), *TOKENS.values()])


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_any_mixture_of_signs_is_masked_once_and_for_all(text: str) -> None:
    masked = mask(text)
    assert mask(masked.text).text == masked.text
    ends = 0
    for kind, start, end in masked.found:
        assert kind in TOKENS
        assert ends <= start < end <= len(text)
        ends = end


@pytest.mark.parametrize(
    "unit", ["1", "1-", "a.", "a@a.", "一", "王", "业主王", "姓名:", "12单元", "京A1", "先生", "微信a"]
)
def test_a_hostile_text_of_100000_characters_is_answered(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    masked = mask(text).text
    assert mask(masked).text == masked
