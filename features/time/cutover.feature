@clock
Feature: The host changes its day
  From the cut-off on, at 23:00 here, payments belong to the next settlement. While the host changes its books it takes nothing,
  and what the till has then is kept until it does.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @TIM-001
  Scenario Outline: A sale at <at> is settled with <day>
    Given it is "<at>"
    And operator "01" logs in at "T1"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the answer to the 1st sale carries
      | field           | value |
      | settlement_date | <day> |
      | local_date      | <own> |

    Examples:
      | at                  | day  | own  |
      | 2026-06-30 22:59:00 | 0630 | 0630 |
      | 2026-06-30 23:00:00 | 0701 | 0630 |
      | 2026-12-31 23:30:00 | 0101 | 1231 |
      | 2028-02-28 23:30:00 | 0229 | 0228 |

  @TIM-002 @host-control
  Scenario: During the cut-over a sale is refused, and nothing moves
    Given the host is in day cut-over
    When Bob swipes 10.00 CNY at "T1"
    And the host is working again
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows CUT_OVER
    And "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @TIM-002 @host-control
  Scenario: A refund that meets the cut-over is kept and sent again
    Given Bob has paid 10.00 CNY at "T1"
    And the host is in day cut-over
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And the host is working again
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows CUT_OVER
    And "T1" shows ADVICE_DELIVERED
    And "T1" shows APPROVED
    And "Noodle House" is owed 7.00 CNY

  @TIM-003 @host-control
  Scenario: A reversal that meets the cut-over is sent before the next sale
    Given the line loses the answer to the 1st sale
    And "T1" loses its power right after sending the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    And the host is in day cut-over
    And "T1" starts again
    And the host is working again
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows CUT_OVER
    And "T1" shows REVERSED
    And "T1" shows APPROVED
    And Bob's card holds 4999.00 CNY
