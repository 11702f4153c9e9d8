@clock @host-control
Feature: How long a payment can be acted on
  A void is for the same day, a refund for thirty days, a deposit ends when its thirty days are over. Dates on the wire have no year.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @TIM-004
  Scenario: A sale of the evening cannot be voided after midnight
    Given it is "2026-06-01 23:50:00"
    And operator "01" logs in at "T1"
    And Bob has paid 10.00 CNY at "T1"
    And it is "2026-06-02 00:10:00"
    And operator "01" logs in at "T1"
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows ORIGINAL_NOT_FOUND
    And "Noodle House" is owed 10.00 CNY

  @TIM-005
  Scenario Outline: A refund at <at> ends with <screen>
    Given Bob has paid 10.00 CNY at "T1"
    And it is "<at>"
    And operator "01" logs in at "T1"
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows <screen>
    And "Noodle House" is owed <owed> CNY

    Examples:
      | at                  | screen         | owed  |
      | 2026-07-01 23:59:00 | APPROVED       | 6.00  |
      | 2026-07-02 00:01:00 | CHECK_ORIGINAL | 10.00 |

  @TIM-006
  Scenario Outline: A deposit of 1 June 09:30, completed at <at>, ends with <screen>
    Given Alice leaves a deposit of 500.00 CNY at "T1"
    And it is "<at>"
    And operator "01" logs in at "T1"
    When Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    Then "T1" shows <screen>
    And Alice's card holds <holds> CNY
    And "Noodle House" is owed <owed> CNY

    Examples:
      | at                  | screen         | holds   | owed   |
      | 2026-06-30 23:59:00 | APPROVED       | 520.00  | 480.00 |
      | 2026-07-01 00:01:00 | CHECK_ORIGINAL | 500.00  | 0.00   |
      | 2026-07-01 09:31:00 | CHECK_ORIGINAL | 1000.00 | 0.00   |
      | 2026-07-02 12:00:00 | CHECK_ORIGINAL | 1000.00 | 0.00   |

  @TIM-006
  Scenario Outline: A deposit that nobody completes is <held> at <at>
    Given Alice leaves a deposit of 500.00 CNY at "T1"
    When it is "<at>"
    Then Alice's card holds <holds> CNY
    And "Noodle House" is owed 0.00 CNY

    Examples:
      | at                  | held | holds   |
      | 2026-07-01 09:29:00 | held | 500.00  |
      | 2026-07-01 09:31:00 | free | 1000.00 |

  @TIM-007
  Scenario: A sale of December is refunded in January
    Given it is "2026-12-20 12:00:00"
    And operator "01" logs in at "T1"
    And Bob has paid 10.00 CNY at "T1"
    And it is "2027-01-10 12:00:00"
    And operator "01" logs in at "T1"
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And the 1st refund carries
      | field         | value |
      | original_date | 1220  |
    And "Noodle House" is owed 6.00 CNY

  @TIM-007
  Scenario: A deposit of December is completed in January
    Given it is "2026-12-20 12:00:00"
    And operator "01" logs in at "T1"
    And Alice leaves a deposit of 500.00 CNY at "T1"
    And it is "2027-01-10 12:00:00"
    And operator "01" logs in at "T1"
    When Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "Noodle House" is owed 480.00 CNY
