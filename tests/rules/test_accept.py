"""What counts as danger to life, and what only sounds like it; all sentences are invented."""

import tomllib
from pathlib import Path

import pytest

from rules.accept import Danger, EmergencyRule, RefusalRule, emergency, refusal
from rules.errors import PackFault

PACK = Path(__file__).parents[2] / "rules" / "packs" / "national" / "acceptance.toml"
TABLE = tomllib.loads(PACK.read_text(encoding="utf-8"))
EMERGENCIES = tuple(
    EmergencyRule(row["line"], tuple(row["words"]), tuple(row["unless"]), row["clause"])
    for row in TABLE["emergency"]
)
REFUSALS = tuple(
    RefusalRule(row["code"], row["name"], row["legal_path"], tuple(row["words"]), row["clause"])
    for row in TABLE["refusal"]
)

DANGER = [
    ("119", "我们楼里现在着火了，快来人"),
    ("119", "柳溪小区3号楼五楼着火了，浓烟很大"),
    ("119", "隔壁仓库起火了，火势越来越大"),
    ("119", "后山发生山火，已经烧到村边了"),
    ("119", "化工厂发生爆炸，有人受伤"),
    ("119", "家里燃气泄漏，闻着头晕，不敢开灯"),
    ("119", "厨房煤气味很大，阀门关不上"),
    ("119", "老人和小孩被困电梯，物业电话没人接"),
    ("119", "电梯停在七楼，我们五个人被困在里面出不来"),
    ("119", "洪水涨上来了，一家人被困在屋顶"),
    ("119", "小孩掉进化粪池了"),
    ("119", "水库边有人落水，大家都不会游泳"),
    ("119", "工地塌方，两名工人被埋"),
    ("119", "去年刚装修的房子现在着火了，快救人"),
    ("119", "路边的电线杆着火，火星往下掉"),
    ("119", "几名驴友被困在山上，天黑了下不来"),
    ("119", "救命，我被困在车里，水已经淹到胸口"),
    ("110", "有人站在楼顶要跳楼"),
    ("110", "工人爬上塔吊扬言跳楼讨薪"),
    ("110", "我不想活了，遗书都写好了"),
    ("110", "邻居说想自杀，门反锁了"),
    ("110", "对面有人持刀追砍路人"),
    ("110", "有人拿着刀堵在店门口威胁要伤人"),
    ("110", "我的朋友被绑架，对方要钱"),
    ("110", "我被传销的人关在出租屋里，手机快被收走了"),
    ("110", "五岁的女儿在集市上走失，找了两个小时"),
    ("110", "丈夫正在打我，求你们快来"),
    ("110", "广场上打起来了，十几个人拿着棍子"),
    ("110", "他说要炸掉整栋楼，家里有炸弹"),
    ("120", "父亲突然昏迷，没有反应"),
    ("120", "公交站有位老人晕倒了，脸色发白"),
    ("120", "工友触电了，人躺在地上不动"),
    ("120", "孩子误喝了农药，正在呕吐"),
    ("120", "一家三口煤气中毒，叫不醒"),
    ("120", "她喝了农药，嘴里冒沫"),
    ("120", "妻子羊水破了，车开不出去"),
    ("120", "工人从脚手架上掉下来，流了很多血"),
    ("120", "学校食堂吃完饭，二十多名学生集体上吐下泻"),
    ("120", "爷爷心脏病发作，喘不上气"),
    ("120", "快来人，他没有呼吸了"),
    ("120", "上山干活被毒蛇咬了，腿肿得很厉害"),
    ("122", "国道口两车相撞发生车祸，有人受伤流血"),
    ("122", "路口撞人了，伤者躺在地上"),
    ("122", "一个学生被货车撞倒，车还压着"),
    ("122", "大巴侧翻在沟里，车上还有乘客"),
    ("122", "隧道里连环追尾，路都堵死了"),
]

NO_DANGER = [
    "楼道堆满杂物，存在火灾隐患，请消防部门检查",
    "社区下周组织消防演练，想问几点开始",
    "家里着火了的损失怎么报销",
    "上次着火以后物业一直没有换灭火器",
    "请加强森林防火宣传",
    "去年隔壁着火了，墙面熏黑至今没人管",
    "昨天小区发生火灾，已经扑灭，想问谁来赔偿",
    "如果着火了消防车根本开不进来",
    "电动车在楼道充电，容易起火",
    "担心电线老化会起火",
    "烧烤摊浓烟滚滚，油烟扰民",
    "砖厂烟囱冒浓烟，污染空气",
    "汽车打不着火，能不能派人帮忙",
    "这家火锅店生意火得像着火了一样，停车堵路",
    "小区电梯经常困人，被困过多次，要求更换",
    "上个月我被困在电梯里半小时，要求物业道歉",
    "电梯停运，老人被困高楼无法出行",
    "天然气公司承诺来维修泄漏的灶具胶管，一直没来",
    "个人信息泄露，天天接到推销电话",
    "孩子掉进井里这种事万一发生谁负责",
    "游乐场的跳楼机停用了，门票不退",
    "商场跳楼价促销，涉嫌虚假宣传",
    "他打死也不还我押金",
    "邻居半夜打架子鼓，吵得睡不着",
    "去年有人跳楼，小区楼顶的门一直没锁",
    "培训机构的老师上课放自杀的电影",
    "超市销售管制刀具，没有登记",
    "上周我被打，派出所不立案",
    "孩子的学籍证件不见了，怎么补办",
    "小狗走失了，想在小区贴告示",
    "广告牌写着杀人游戏，影响不好",
    "他家的狗打架很吵",
    "小区绿化带的树中毒枯死了一片",
    "家里的植物中毒了，是不是农药过量",
    "食物中毒住院，医药费谁来赔偿",
    "父亲昏迷住院一年了，咨询大病医保报销",
    "我的工伤是触电了，单位不认定",
    "诊所误诊造成大出血，已经出院，要求追责",
    "工厂排放的废气让人呼吸困难，孩子咳嗽",
    "想咨询高空坠落事故的赔偿标准",
    "这个路口经常发生车祸，建议装红绿灯",
    "上个月我被电动车撞了，对方逃逸",
    "车祸受伤后保险公司不理赔",
    "两车追尾造成护栏损坏，已清理，请修复",
    "没有红绿灯，早晚要撞人了才重视吗，建议安装信号灯",
    "希望开展一次急救知识培训，教大家遇到晕倒了怎么办",
    "路灯不亮，请派人修理",
    "",
]


@pytest.mark.parametrize(("line", "text"), DANGER)
def test_danger_to_life_names_the_line_to_transfer_to(line: str, text: str) -> None:
    danger = emergency(text, EMERGENCIES)
    assert danger is not None
    assert danger.line == line
    assert all(word in text for word in danger.words)
    assert danger.clause


@pytest.mark.parametrize("text", NO_DANGER)
def test_what_only_sounds_like_danger_stays_an_ordinary_matter(text: str) -> None:
    assert emergency(text, EMERGENCIES) is None


def test_each_sentence_is_judged_by_itself() -> None:
    assert emergency("去年小区停过水。现在三楼着火了！", EMERGENCIES) is not None
    assert emergency("去年三楼着火了，后来修好了。请问停水通知在哪看", EMERGENCIES) is None


def test_parts_too_far_apart_do_not_speak_together() -> None:
    rules = (EmergencyRule("119", ("现在+着火",), (), "c"),)
    assert emergency("现在" + "一" * 20 + "着火", rules) == Danger("119", ("现在", "着火"), "c")
    assert emergency("着火" + "一" * 20 + "现在", rules) == Danger("119", ("着火", "现在"), "c")
    assert emergency("现在" + "一" * 21 + "着火", rules) is None
    assert emergency("现在。着火", rules) is None


def test_the_first_rule_of_the_pack_wins() -> None:
    rules = (EmergencyRule("110", ("持刀",), (), "a"), EmergencyRule("120", ("流血",), (), "b"))
    found = emergency("有人流血，对方持刀", rules)
    assert found == Danger("110", ("持刀",), "a")
    assert "110" in found.because
    assert "持刀" in found.because


def test_no_rules_means_no_danger_and_no_refusal() -> None:
    assert emergency("着火了", ()) is None
    assert refusal("法院已立案", ()) is None


def test_words_of_a_pack_are_text_and_not_patterns() -> None:
    rules = (EmergencyRule("119", ("火.*光",), ("(演",), "c"),)
    assert emergency("火光", rules) is None
    assert emergency("火.*光", rules) is not None
    assert emergency("火.*光(演练", rules) is None


@pytest.mark.parametrize("words", [(), ("",), ("着火+",), ("着火||起火",), ("一+二+三+四+五",)])
def test_an_entry_that_says_nothing_or_too_much_is_a_fault_of_the_pack(words: tuple[str, ...]) -> None:
    with pytest.raises(PackFault):
        EmergencyRule("119", words, (), "c")
    with pytest.raises(PackFault):
        RefusalRule("x", "某事", "某处", words, "c")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("litigation", "这起买卖纠纷法院已立案，请热线催一下"),
        ("litigation", "我不服一审判决，请政府改判"),
        ("arbitration", "劳动仲裁已受理，公司一直拖着"),
        ("discipline", "举报某村支书贪污集体资金"),
        ("review", "我对城管的行政处罚不服，要求撤销"),
        ("disclosure", "我要申请政府信息公开，索取征地批文"),
        ("finished_petition", "我的信访事项三级终结了还想再反映"),
        ("secrets", "帮我查询前妻的住址"),
        ("outside", "法官办案态度恶劣，偏袒对方"),
        ("no_content", "不好意思打错电话了"),
    ],
)
def test_a_matter_for_another_procedure_is_proposed_with_its_path(code: str, text: str) -> None:
    proposed = refusal(text, REFUSALS)
    assert proposed is not None
    assert proposed.code == code
    assert proposed.legal_path


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了三天没人修",
        "法院门口的停车位太少",
        "想咨询劳动合同怎么签",
        "请公开小区物业费的收支",
        "村主任办事认真，特来表扬",
        "信访局几点上班",
    ],
)
def test_an_ordinary_matter_is_not_proposed_for_refusal(text: str) -> None:
    assert refusal(text, REFUSALS) is None


def test_every_refusal_of_the_demo_county_is_reachable_and_cites_its_source() -> None:
    codes = [rule.code for rule in REFUSALS]
    assert len(codes) == len(set(codes))
    assert all(rule.clause and rule.legal_path for rule in REFUSALS)
    assert {rule.line for rule in EMERGENCIES} == {"110", "119", "120", "122"}


def test_very_long_text_is_read_to_its_end() -> None:
    assert emergency("路灯坏了，" * 20_000 + "。现在着火了", EMERGENCIES) is not None
    assert emergency("去年着火了，" * 20_000, EMERGENCIES) is None
