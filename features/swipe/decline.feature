Feature: A sale that the issuer refuses
  A refusal must reach the till as what it is. "Try again" to the holder of a stolen card, or money gone after a decline,
  are the complaints that end up in the paper.

  Background:
    Given till "T1" of "Noodle House" has signed in

  Scenario Outline: <who>: <why>
    When <who> swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And these messages went over the wire
      | from | message     | trace | code   |
      | T1   | sale        | 2     |        |
      | host | sale answer | 2     | <code> |
    And "T1" has the 1st sale as declined
    And the host has the 1st sale as declined
    And "Noodle House" is owed 0.00 CNY

    @SWP-009
    Examples: cards to be kept
      | who  | why                 | code | screen    |
      | Dave | the card was lost   | 41   | KEEP_CARD |
      | Erin | the card was stolen | 43   | KEEP_CARD |

    @SWP-010
    Examples: cards that are not good
      | who   | why                        | code | screen          |
      | Frank | the card has expired       | 54   | CARD_EXPIRED    |
      | Grace | the card is restricted     | 62   | RESTRICTED_CARD |
      | Heidi | no issuer knows the number | 14   | INVALID_CARD    |

    @SWP-011
    Examples: cards that are not genuine
      | who  | why                                     | code | screen          |
      | Ivan | the stripe was written by somebody else | 59   | SUSPECTED_FRAUD |

  @SWP-012
  Scenario Outline: Judy may spend 100.00 at once: <amount> is <verdict>
    When Judy swipes <amount> at "T1"
    Then "T1" shows <screen>
    And the answer to the 1st sale carries
      | field | value  |
      | code  | <code> |
    And Judy's card holds <left>

    Examples:
      | amount     | verdict | code | screen       | left        |
      | 100.00 CNY | fine    | 00   | APPROVED     | 900.00 CNY  |
      | 100.01 CNY | refused | 61   | AMOUNT_LIMIT | 1000.00 CNY |

  @SWP-012
  Scenario: Judy may spend 150.00 in a day
    Given Judy has paid 100.00 CNY at "T1"
    When Judy swipes 50.01 CNY at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And the answer to the 2nd sale carries
      | field | value |
      | code  | 61    |
    And Judy's card holds 900.00 CNY

  @SWP-013
  Scenario: Ken may pay twice a day
    Given Ken has paid 10.00 CNY at "T1"
    And Ken has paid 10.00 CNY at "T1"
    When Ken swipes 10.00 CNY at "T1"
    Then "T1" shows COUNT_LIMIT
    And the answer to the 3rd sale carries
      | field | value |
      | code  | 65    |
    And Ken's card holds 980.00 CNY

  @SWP-013 @clock
  Scenario: Ken may pay again on the next day
    Given Ken has paid 10.00 CNY at "T1"
    And Ken has paid 10.00 CNY at "T1"
    And 1 day passes
    And operator "01" logs in at "T1"
    When Ken swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Ken's card holds 970.00 CNY
