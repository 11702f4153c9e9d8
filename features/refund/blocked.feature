Feature: Refunding a card whose PIN is blocked
  The goods come back after the customer has mistyped her PIN too often. What the till gave back is hers all the same.

  @RFD-010 @clock @host-control
  Scenario: The money reaches the card
    Given till "T1" of "Noodle House" has signed in
    And Alice has paid 10.00 CNY at "T1"
    And Alice has entered a wrong PIN 3 times
    When Alice has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 994.00 CNY
    And "Noodle House" is owed 6.00 CNY
