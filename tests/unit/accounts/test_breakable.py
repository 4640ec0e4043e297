"""Long addresses in headings go on in the next line where a reader expects it."""

from altiplano.accounts.templatetags.accounts import breakable


def test_address_breaks_behind_its_sign_and_before_its_points():
    assert breakable("ada.b@school.example") == "ada<wbr>.b@<wbr>school<wbr>.example"


def test_what_is_in_a_name_stays_text():
    assert breakable("<b>@x") == "&lt;b&gt;@<wbr>x"
    assert breakable("O'Neill & co.") == "O&#x27;Neill &amp; co<wbr>."
