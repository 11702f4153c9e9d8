Feature: Reversals and repeats of every kind of payment
  The line breaks where it likes: before the answer to a void, to a deposit, to a completion. Whatever was not answered is taken
  back, and what it acted on stands again; whatever comes twice counts once.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    And Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice leaves a deposit of 200.00 CNY at "T1"
    And Alice has the 2nd pre-auth completed with 150.00 CNY at "T1"
    And Bob pays 30.00 CNY at "T1" in 3 instalments
    And the shop charges Bob's subscription of 20.00 CNY at "T1"
    And Bob orders for 40.00 CNY at "T1" by telephone
    And Bob leaves a deposit of 50.00 CNY at "T1" by telephone
    And Bob leaves a deposit of 60.00 CNY at "T1" by telephone
    And Bob has the 2nd moto-pre-auth completed with 60.00 CNY at "T1"

  @REV-021 @host-control
  Scenario Outline: The <message> that is not answered is taken back
    Given the line breaks before the answer to the <message>
    When <act>
    Then "T1" shows LINE_CUT
    And "T1" does not show APPROVED
    And "T1" prints no receipts
    And the answer to the 1st reversal carries
      | field | value |
      | code  | 00    |
    And "T1" has the <message> as reversed
    And the host has the <message> as reversed
    And Alice's card holds 750.00 CNY
    And Bob's card holds 4790.00 CNY
    And "Noodle House" is owed 310.00 CNY

    Examples:
      | message                  | act                                                            |
      | 1st void                 | Bob has the 1st sale voided at "T1"                            |
      | 3rd pre-auth             | Alice leaves a deposit of 300.00 CNY at "T1"                   |
      | 1st pre-auth-void        | Alice has the 1st pre-auth voided at "T1"                      |
      | 2nd completion           | Alice has the 1st pre-auth completed with 90.00 CNY at "T1"    |
      | 1st completion-void      | Alice has the 1st completion voided at "T1"                    |
      | 2nd instalment           | Bob pays 60.00 CNY at "T1" in 6 instalments                    |
      | 1st instalment-void      | Bob has the 1st instalment voided at "T1"                      |
      | 2nd recurring            | the shop charges Bob's subscription of 20.00 CNY at "T1"       |
      | 1st recurring-void       | Bob has the 1st recurring voided at "T1"                       |
      | 2nd moto-sale            | Bob orders for 40.00 CNY at "T1" by telephone                  |
      | 1st moto-void            | Bob has the 1st moto-sale voided at "T1"                       |
      | 3rd moto-pre-auth        | Bob leaves a deposit of 50.00 CNY at "T1" by telephone         |
      | 1st moto-pre-auth-void   | Bob has the 1st moto-pre-auth voided at "T1"                   |
      | 2nd moto-completion      | Bob has the 1st moto-pre-auth completed with 45.00 CNY at "T1" |
      | 1st moto-completion-void | Bob has the 1st moto-completion voided at "T1"                 |

  @REV-026 @host-control
  Scenario Outline: The <message> that comes twice counts once
    When <act>
    And "T1" is made to send the <message> again
    Then "T1" shows APPROVED
    And "T1" has the <message> as approved
    And the host has the <message> as approved
    And Alice's card holds <alice> CNY
    And Bob's card holds <bob> CNY
    And "Noodle House" is owed <owed> CNY

    Examples:
      | message               | act                                                                   | alice  | bob     | owed   |
      | 2nd sale              | Bob swipes 5.00 CNY at "T1"                                           | 750.00 | 4785.00 | 315.00 |
      | 1st void              | Bob has the 1st sale voided at "T1"                                   | 750.00 | 4800.00 | 300.00 |
      | 1st refund            | Bob has 4.00 CNY of the 1st sale refunded at "T1"                     | 750.00 | 4794.00 | 306.00 |
      | 3rd pre-auth          | Alice leaves a deposit of 300.00 CNY at "T1"                          | 450.00 | 4790.00 | 310.00 |
      | 1st pre-auth-void     | Alice has the 1st pre-auth voided at "T1"                             | 850.00 | 4790.00 | 310.00 |
      | 2nd completion        | Alice has the 1st pre-auth completed with 90.00 CNY at "T1"           | 760.00 | 4790.00 | 400.00 |
      | 1st completion-advice | Alice has the 1st pre-auth completed with 90.00 CNY at "T1" by advice | 760.00 | 4790.00 | 400.00 |
      | 1st completion-void   | Alice has the 1st completion voided at "T1"                           | 700.00 | 4790.00 | 160.00 |
      | 2nd instalment        | Bob pays 60.00 CNY at "T1" in 6 instalments                           | 750.00 | 4730.00 | 370.00 |
      | 2nd recurring         | the shop charges Bob's subscription of 20.00 CNY at "T1"              | 750.00 | 4770.00 | 330.00 |
      | 1st moto-refund       | Bob has 15.00 CNY of the 1st moto-sale refunded at "T1"               | 750.00 | 4805.00 | 295.00 |

  @REV-026 @host-control
  Scenario: A reversal of a void that comes twice takes the sale's money once
    Given the line breaks before the answer to the 1st void
    When Bob has the 1st sale voided at "T1"
    And "T1" is made to send the 1st reversal again
    Then "T1" shows LINE_CUT
    And the host has the 1st void as reversed
    And the host has the 1st sale as approved
    And Bob's card holds 4790.00 CNY
    And "Noodle House" is owed 310.00 CNY

  @REV-026 @host-control
  Scenario: Notice and money of a refund that was sent three times agree
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And "T1" is made to send the 1st refund again
    And "T1" is made to send the 1st refund again
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message       | code |
      | T1   | refund        |      |
      | host | refund answer | 00   |
      | T1   | refund        |      |
      | host | refund answer | 00   |
      | T1   | refund        |      |
      | host | refund answer | 00   |
    And Bob's card holds 4794.00 CNY
