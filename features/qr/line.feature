Feature: A sale by code, and a line that breaks
  Nobody can show the same code again, so whatever is not answered is taken back with the code that asked for it.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @QRP-007 @host-control @clock
  Scenario Outline: The line <fault>
    Given the line <fault>
    When Alice shows her phone for 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And "T1" does not show APPROVED
    And "T1" prints no receipts
    And the 1st reversal carries the code of Alice's phone and no card
    And "T1" has the 1st sale as reversed
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

    Examples:
      | fault                                              | screen     |
      | loses the 1st sale                                 | NO_ANSWER  |
      | loses the answer to the 1st sale                   | NO_ANSWER  |
      | breaks in the middle of the 1st sale               | LINE_CUT   |
      | breaks in the middle of the answer to the 1st sale | LINE_CUT   |
      | delays the answer to the 1st sale by 90 seconds    | NO_ANSWER  |
      | turns the answer to the 1st sale into garbage      | BAD_ANSWER |
      | takes F64 out of the answer to the 1st sale        | BAD_MAC    |

  @QRP-007 @host-control @clock
  Scenario: The answer to the reversal is lost as well
    Given the line loses the answer to the 1st sale
    And the line loses the answer to the 1st reversal
    When Alice shows her phone for 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And the 2nd reversal carries the code of Alice's phone and no card
    And "T1" has the 1st sale as reversed
    And Alice's card holds 1000.00 CNY

  @QRP-007 @host-control @clock
  Scenario: The void that is not answered is taken back, and the phone has paid
    Given Alice shows her phone for 10.00 CNY at "T1"
    And the line loses the answer to the 1st void
    When Alice has the 1st sale voided at "T1"
    Then "T1" shows NO_ANSWER
    And the 1st reversal carries the code of Alice's phone and no card
    And "T1" has the 1st void as reversed
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @QRP-014 @host-control @clock
  Scenario: The refund that is not answered is told again, and counts once
    Given Alice shows her phone for 10.00 CNY at "T1"
    And the line loses the answer to the 1st refund
    When Alice has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And the 2nd refund carries the code of Alice's phone and no card
    And Alice's card holds 994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @QRP-008 @host-control
  Scenario: The code is spent, though its payment was taken back
    Given somebody photographs Alice's code
    And the line breaks before the answer to the 1st sale
    When the photograph of Alice's code is shown for 10.00 CNY at "T1"
    And the photograph of Alice's code is shown for 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows CODE_USED
    And Alice's card holds 1000.00 CNY

  @QRP-023 @host-control
  Scenario: Somebody in the cable makes it more
    Given the line changes amount of the 1st sale to "000000100000"
    When Alice shows her phone for 10.00 CNY at "T1"
    Then "T1" shows BAD_ANSWER
    And "T1" does not show APPROVED
    And the answer to the 1st sale carries
      | field | value |
      | code  | A0    |
    And Alice's card holds 1000.00 CNY

  @QRP-024 @host-control
  Scenario: The power goes when the request has left
    Given "T1" loses its power right after sending the 1st sale
    When Alice shows her phone for 10.00 CNY at "T1"
    And "T1" starts again
    Then the 1st reversal carries the code of Alice's phone and no card
    And "T1" has the 1st sale as reversed
    And Alice's card holds 1000.00 CNY

  @QRP-024 @host-control
  Scenario: The power goes when the answer is there
    Given "T1" loses its power right after receiving the answer to the 1st sale
    When Alice shows her phone for 10.00 CNY at "T1"
    And "T1" starts again
    Then the 1st reversal carries the code of Alice's phone and no card
    And "T1" has the 1st sale as reversed
    And Alice's card holds 1000.00 CNY

  @QRP-026 @host-control
  Scenario: A reversal with another customer's code
    Given Alice shows her phone for 10.00 CNY at "T1"
    When "T1" is made to send a reversal with device_data "A30196201000000000000001"
    Then these messages went over the wire
      | from | message         | code |
      | T1   | reversal        | 98   |
      | host | reversal answer | 14   |
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @QRP-027 @host-control
  Scenario: A deposit with a code
    Given Alice leaves a deposit of 500.00 CNY at "T1"
    When "T1" is made to send the 1st pre-auth as a new one with device_data "A30196201000000000000001"
    Then these messages went over the wire
      | from | message         | code |
      | T1   | pre-auth        |      |
      | host | pre-auth answer | 40   |
