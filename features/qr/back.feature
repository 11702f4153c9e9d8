Feature: Giving back what a phone has paid
  There is no card to put into the till again. The payment's number finds it, and its money goes to the account that the code stood for.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Alice shows her phone for 10.00 CNY at "T1"

  @QRP-013 @host-control
  Scenario: The void asks for neither card nor PIN
    When Alice has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And the 1st void carries the code of Alice's phone and no card
    And the 1st void carries
      | field          | value  |
      | entry_mode     | 032    |
      | original_trace | 000002 |
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @QRP-013 @host-control
  Scenario: It is voided once
    When Alice has the 1st sale voided at "T1"
    And Alice has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And "T1" shows UNDONE_ALREADY
    And Alice's card holds 1000.00 CNY

  @QRP-014 @host-control
  Scenario: A part comes back, and then the rest
    When Alice has 4.00 CNY of the 1st sale refunded at "T1"
    And Alice has 6.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show SWIPE_CARD
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @QRP-014 @host-control
  Scenario: Never more than was paid
    When Alice has 6.00 CNY of the 1st sale refunded at "T1"
    And Alice has 5.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And these messages went over the wire
      | from | message       | code |
      | T1   | refund        |      |
      | host | refund answer | 00   |
      | T1   | refund        |      |
      | host | refund answer | 61   |
    And Alice's card holds 996.00 CNY

  @QRP-014 @host-control @clock
  Scenario: The phone is at home, and the goods come back the next day
    When 24 hours pass
    And operator "01" logs in at "T1"
    And Alice has 10.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 1000.00 CNY

  @QRP-015 @host-control
  Scenario: The counter next door takes the goods back
    Given till "T2" of "Noodle House" has signed in
    When Alice has 4.00 CNY of the 1st sale refunded at "T2" without a card
    Then "T2" shows APPROVED
    And the 1st refund carries
      | field      | value |
      | entry_mode | 032   |
      | pan        |       |
    And Alice's card holds 994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @QRP-016 @host-control
  Scenario Outline: <whose> card gets nothing of it
    Given till "T2" of "Noodle House" has signed in
    When <who> has 4.00 CNY of the 1st sale refunded at "T2"
    Then "T2" shows INVALID_CARD
    And these messages went over the wire
      | from | message       | code |
      | T2   | refund        |      |
      | host | refund answer | 14   |
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

    Examples:
      | who   | whose           |
      | Bob   | Somebody else's |
      | Alice | Her own         |
